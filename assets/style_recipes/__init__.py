"""Style pictures drawn by arithmetic alone: each recipe module renders one look from a seed."""
