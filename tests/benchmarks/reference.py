"""The training to beat, as published notebooks have it, and the same networks in plain torch.

One-hot sequences lie in memory as floats, a DataLoader shuffles and collates them probe by probe,
convolutions are `nn.Conv2d` over the one-hot image, the Spearman correlation is taken of every batch, and
the whole validation split is one batch.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ONE_HOT = torch.tensor([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0.25] * 4, [0] * 4])

OPTIONS = (
    *("dropout", "batch_norm", "pooling", "pooled_norm", "residual", "block_dropout"),
    *("window", "pooled_dropout", "hidden_norm"),
)


class CNN(nn.Module):
    """Motif detectors, ReLU, maximum over the positions, small head."""

    def __init__(self, motif_length=24, filters=64, hidden=32, dropout=0.5):
        super().__init__()
        self.detectors = nn.Conv2d(1, filters, (motif_length, 4))
        self.dropout = nn.Dropout(dropout)
        self.hidden, self.output = nn.Linear(filters, hidden), nn.Linear(hidden, 1)

    def forward(self, x):
        x = F.relu(self.detectors(x.unsqueeze(1)).squeeze(3))
        x = self.dropout(x.max(dim=2).values)
        return self.output(self.dropout(F.relu(self.hidden(x))))


class RNN(nn.Module):
    """Motif detectors, a stacked LSTM over the positions, whose last output goes to a small head."""

    def __init__(self, motif_length=11, filters=32, lstm_hidden=128, lstm_layers=2, hidden=64, dropout=0.5):
        super().__init__()
        self.detectors = nn.Conv2d(1, filters, (motif_length, 4))
        self.lstm = nn.LSTM(filters, lstm_hidden, lstm_layers, batch_first=True, dropout=dropout)
        self.dropout = nn.Dropout(dropout)
        self.hidden, self.output = nn.Linear(lstm_hidden, hidden), nn.Linear(hidden, 1)

    def forward(self, x):
        x = F.relu(self.detectors(x.unsqueeze(1)).squeeze(3)).transpose(1, 2)
        x = self.dropout(self.lstm(x)[0][:, -1])
        return self.output(self.dropout(F.relu(self.hidden(x))))


class BiLSTM(nn.Module):
    """A bidirectional LSTM on the one-hot bases, averaged over the positions."""

    def __init__(self, lstm_hidden=128, hidden=64, dropout=0.2):
        super().__init__()
        self.lstm = nn.LSTM(4, lstm_hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.hidden, self.output = nn.Linear(2 * lstm_hidden, hidden), nn.Linear(hidden, 1)

    def forward(self, x):
        x = self.dropout(self.lstm(x)[0].mean(dim=1))
        return self.output(self.dropout(F.relu(self.hidden(x))))


class ConvNet(nn.Module):
    """Convolutions, perhaps a residual block, and their pooling; the options are those of our CNN."""

    def __init__(
        self,
        kernels,
        filters,
        hidden,
        dropout=0.2,
        batch_norm=True,
        pooling="max+average",
        pooled_norm=False,
        residual=0,
        block_dropout=0.0,
        window=10,
        pooled_dropout=None,
        hidden_norm=False,
    ):
        super().__init__()
        self.pooling, self.window, before = pooling, window, 4
        padding = "same" if residual or pooling == "windows" else "valid"
        self.layers = nn.Sequential()
        for width, kernel in zip(filters, kernels, strict=True):
            norm = [nn.BatchNorm1d(width)] if batch_norm else []
            self.layers.extend([nn.Conv1d(before, width, kernel, padding=padding), *norm, nn.ReLU()])
            before = width
        self.block = nn.Sequential()
        for layer in range(residual):
            drop = [nn.Dropout(block_dropout)] if layer else []  # the first one is outside: it is added, too
            convolution = nn.Conv1d(before, before, 3, dilation=2**layer, padding="same", bias=not batch_norm)
            norm = [nn.BatchNorm1d(before)] if batch_norm else []
            relu = [nn.ReLU()] if layer < residual - 1 else []
            self.block.extend([*drop, convolution, *norm, *relu])
        self.block_dropout = nn.Dropout(block_dropout)
        features = before * {"max": 1, "max+average": 2, "windows": 41 // window}[pooling]
        self.norm = nn.BatchNorm1d(features) if pooled_norm else nn.Identity()
        self.pooled_dropout = nn.Dropout(dropout if pooled_dropout is None else pooled_dropout)
        self.hidden = nn.Linear(features, hidden)
        self.hidden_norm = nn.BatchNorm1d(hidden) if hidden_norm else nn.Identity()
        self.dropout, self.output = nn.Dropout(dropout), nn.Linear(hidden, 1)

    def forward(self, x):
        x = self.layers(x.transpose(1, 2))
        if len(self.block):
            x = self.block_dropout(x)
            x = F.relu(x + self.block(x))
        x = self.pooled_dropout(self.norm(self.pool(x)))
        return self.output(self.dropout(F.relu(self.hidden_norm(self.hidden(x)))))

    def pool(self, x):
        if self.pooling == "windows":
            return F.avg_pool1d(x, self.window).flatten(1)
        largest = x.max(dim=2).values
        return largest if self.pooling == "max" else torch.cat([largest, x.mean(dim=2)], dim=1)


def network_of(params):
    """The CNN of a config of ours, in plain torch."""
    layers = params.get("layers", 1)
    kernels = [params["motif_length"], params.get("kernel_2"), params.get("kernel_3")][:layers]
    filters = [params["filters"], params.get("filters_2"), params.get("filters_3")][:layers]
    others = {name: params[name] for name in OPTIONS if name in params}
    return ConvNet(kernels, filters, params["hidden"], **others)


def masked_mse(prediction, target, mask):
    return ((prediction - target) ** 2 * mask).sum() / mask.sum()


def masked_spearman(prediction, target, mask):
    """The correlation of the ranks; ties in the order in which they come."""
    chosen = mask.bool()
    ranks = [values[chosen].argsort().argsort().float() for values in (prediction, target)]
    return torch.corrcoef(torch.stack(ranks))[0, 1]


def dataset_of(examples):
    """One-hot sequences (n, 41, 4), targets (n,), and 1 where they were measured (n,)."""
    targets = torch.from_numpy(examples.targets)
    one_hot = ONE_HOT[torch.from_numpy(examples.codes).long()]
    return TensorDataset(one_hot, targets.nan_to_num(), (~targets.isnan()).float())


class Loop:
    """The reference loop: DataLoader, Adam, Spearman of every batch, validation in one batch.

    `collate=False` leaves out the DataLoader and the Spearman of every batch: what plain torch can do at
    best.
    """

    def __init__(self, model, data, batch_size=256, learning_rate=1e-3, weight_decay=0.0, collate=True):
        self.model, self.batch_size, self.collate = model, batch_size, collate
        self.optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, weight_decay=weight_decay)
        self.train, self.validation = dataset_of(data.train), dataset_of(data.validation)

    def epoch(self):
        """Train for an epoch; the Spearman correlation over the validation split."""
        self.model.train()
        for x, y, mask in self._batches():
            self.optimizer.zero_grad()
            prediction = self.model(x).squeeze(1)
            loss = masked_mse(prediction, y, mask)
            loss.backward()
            self.optimizer.step()
            if self.collate:
                loss.item(), masked_spearman(prediction.detach(), y, mask)
        self.model.eval()
        x, y, mask = self.validation.tensors
        with torch.set_grad_enabled(self.collate):  # the published loop builds the graph here, too
            prediction = self.model(x).squeeze(1)
        return masked_spearman(prediction.detach(), y, mask).item()

    def _batches(self):
        if self.collate:
            return DataLoader(self.train, batch_size=self.batch_size, shuffle=True)
        order = torch.randperm(len(self.train)).split(self.batch_size)
        return (tuple(part[chosen] for part in self.train.tensors) for chosen in order)
