"""Stacked LSTM layers, chunk by chunk over the batch, in bfloat16 where the processor multiplies it."""

from models.fast.recurrent.stack import run_lstm

__all__ = ["run_lstm"]
