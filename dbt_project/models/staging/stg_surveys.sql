{{ staged("surveys") }}
