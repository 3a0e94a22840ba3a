{{ staged("users") }}
