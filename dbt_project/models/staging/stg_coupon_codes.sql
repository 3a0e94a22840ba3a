{{ staged("coupon_codes") }}
