"""The jobs people start: each carries data from the resources through the engines and back."""
