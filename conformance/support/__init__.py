"""What the conformance tests share: the server, the clients, the cast of the story, and the shapes of refusals."""
