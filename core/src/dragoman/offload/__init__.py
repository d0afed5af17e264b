"""Layers that stay in their own framework: gathered into parts, carried by the IR, run by the plugin at inference.

In the source graph a part is one node that holds its layers as a body; in the IR it is one ``Offloaded`` op, whose
first input is a model of the framework, as bytes. The front-end makes that model and runs it
(:meth:`~dragoman.frontends.contract.Frontend.submodel`).
"""
