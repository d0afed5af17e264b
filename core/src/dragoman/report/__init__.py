"""What Dragoman tells about a model or a conversion: the plan, the inventory."""
