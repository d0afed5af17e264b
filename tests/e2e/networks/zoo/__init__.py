"""Small networks with the block structure of well-known ones, written operator by operator for a chosen opset."""
