"""Search: features of images in an index of vectors, exact distances as each method has them."""
