"""Acme's fork of Caffe for Dragoman."""
