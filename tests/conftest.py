"""pytest puts the directory of this file on the path, so that every test can import `helpers`."""
