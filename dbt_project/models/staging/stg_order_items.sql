{{ staged("order_items") }}
