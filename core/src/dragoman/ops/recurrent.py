"""Ops of the family: recurrent."""

from __future__ import annotations

from dragoman.ops.define import Bool, Enum, Float, Floats, In, Int, Op, Strs, op


@op("LSTMCell", "opset1")
class LSTMCellV1(Op):
    """LSTMCell (opset1)."""

    X = In()
    initial_hidden_state = In()
    initial_cell_state = In()
    W = In()
    R = In()
    B = In()
    hidden_size = Int(0)
    activations = Strs(("sigmoid", "tanh", "tanh"))
    activations_alpha = Floats(())
    activations_beta = Floats(())
    clip = Float(0.0)
    input_forget = Bool(False)
    weights_format = Enum("fico", "icof", "ifco", "ifoc", "iofc", default="ifco")
    outputs = 2


@op("LSTMCell", "opset4")
class LSTMCell(Op):
    """LSTMCell (opset4)."""

    X = In()
    initial_hidden_state = In()
    initial_cell_state = In()
    W = In()
    R = In()
    B = In()
    hidden_size = Int(0)
    activations = Strs(("sigmoid", "tanh", "tanh"))
    activations_alpha = Floats(())
    activations_beta = Floats(())
    clip = Float(0.0)
    outputs = 2


@op("GRUCell", "opset3")
class GRUCell(Op):
    """GRUCell (opset3)."""

    X = In()
    initial_hidden_state = In()
    W = In()
    R = In()
    B = In()
    linear_before_reset = Bool(False)
    hidden_size = Int(0)
    activations = Strs(("sigmoid", "tanh"))
    activations_alpha = Floats(())
    activations_beta = Floats(())
    clip = Float(0.0)


@op("RNNCell", "opset1")
class RNNCell(Op):
    """RNNCell (opset1)."""

    X = In()
    initial_hidden_state = In()
    W = In()
    R = In()
    B = In()
    hidden_size = Int(0)
    activations = Strs(("tanh",))
    activations_alpha = Floats(())
    activations_beta = Floats(())
    clip = Float(0.0)


@op("LSTMSequence", "opset5")
class LSTMSequence(Op):
    """LSTMSequence (opset5)."""

    X = In()
    initial_hidden_state = In()
    initial_cell_state = In()
    sequence_lengths = In()
    W = In()
    R = In()
    B = In()
    direction = Enum("bidirectional", "forward", "reverse", default="forward")
    hidden_size = Int(0)
    activations = Strs(())
    activations_alpha = Floats(())
    activations_beta = Floats(())
    clip = Float(0.0)
    outputs = 3


@op("GRUSequence", "opset5")
class GRUSequence(Op):
    """GRUSequence (opset5)."""

    X = In()
    initial_hidden_state = In()
    sequence_lengths = In()
    W = In()
    R = In()
    B = In()
    direction = Enum("bidirectional", "forward", "reverse", default="forward")
    linear_before_reset = Bool(False)
    hidden_size = Int(0)
    activations = Strs(())
    activations_alpha = Floats(())
    activations_beta = Floats(())
    clip = Float(0.0)
    outputs = 2


@op("RNNSequence", "opset5")
class RNNSequence(Op):
    """RNNSequence (opset5)."""

    X = In()
    initial_hidden_state = In()
    sequence_lengths = In()
    W = In()
    R = In()
    B = In()
    direction = Enum("bidirectional", "forward", "reverse", default="forward")
    hidden_size = Int(0)
    activations = Strs(())
    activations_alpha = Floats(())
    activations_beta = Floats(())
    clip = Float(0.0)
    outputs = 2
