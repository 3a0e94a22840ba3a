{{ staged("reviews") }}
