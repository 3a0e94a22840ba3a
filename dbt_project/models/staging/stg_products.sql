{{ staged("products") }}
