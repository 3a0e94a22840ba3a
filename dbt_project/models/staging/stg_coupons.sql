{{ staged("coupons") }}
