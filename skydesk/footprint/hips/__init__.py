"""The survey as one colour image at every scale: a HiPS (IVOA Hierarchical Progressive Survey 1.0)."""
