import numpy as np
import pytest
import torch

from models.cnn import CNN, CNNConfig
from models.predict import predict

NETWORK = CNNConfig(motif_length=6, filters=8, hidden=8)


@pytest.mark.parametrize("batch_size", [1, 7, 64, 4096])
def test_the_batch_size_does_not_matter(codes, batch_size):
    model = CNN(NETWORK)
    expected = model.eval()(codes).detach().numpy()
    np.testing.assert_allclose(predict(model, codes.numpy(), batch_size), expected, rtol=1e-5, atol=1e-6)


def test_dropout_is_off_and_the_mode_is_put_back(codes):
    model = CNN(NETWORK)
    for training in (True, False):
        model.train(training)
        first = predict(model, codes)
        assert (predict(model, codes) == first).all()
        assert model.training is training
        assert model.head.dropout.training is training


def test_no_sequences_no_predictions():
    prediction = predict(CNN(NETWORK), np.empty((0, 41), np.uint8))
    assert prediction.shape == (0,)
    assert prediction.dtype == np.float32


def test_an_ensemble_is_averaged(codes):
    members = [CNN(NETWORK) for _ in range(3)]
    single = np.stack([predict(member, codes) for member in members])
    together = predict(members, codes)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, single.mean(axis=0), rtol=1e-6, atol=1e-7)
    assert (predict(members[:1], codes) == single[0]).all()


def test_nothing_to_predict_with_or_from_is_refused(codes):
    with pytest.raises(ValueError, match="at least one member"):
        predict([], codes)
    with pytest.raises(ValueError, match=r"\(n, width\), received \(41,\)"):
        predict(CNN(NETWORK), codes[0])


def test_predictions_hold_no_gradient_graph(codes):
    model = CNN(NETWORK)
    predict(model, codes)
    assert all(parameter.grad is None for parameter in model.parameters())
    model.train()
    torch.nn.functional.mse_loss(model(codes), torch.zeros(64)).backward()  # still trains after it
