"""Stacked LSTM layers, trained at the speed that the processor allows."""

from models.fast.recurrent.stack import LSTMStack

__all__ = ["LSTMStack"]
