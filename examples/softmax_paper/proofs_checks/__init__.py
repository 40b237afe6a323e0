"""What the paper claims, one function a lemma, each with a false twin."""
