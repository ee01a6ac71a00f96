"""Style galleries: pictures with their captions, content pictures and styles, as StyleShot's training reads them."""
