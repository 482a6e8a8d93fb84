"""What each feature adds to a score, for the classifiers that a tabular judge may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lightgbm import LGBMClassifier
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier

__all__ = ["learned_numbers", "log_odds_shares"]


def log_odds_shares(classifier: LGBMClassifier | RandomForestClassifier, rows: np.ndarray) -> np.ndarray:
    """What each column adds to each row's log-odds, and last what every row starts from.

    Boosted trees: TreeSHAP (`pred_contrib`). Forest: along each path the change of the node's share of
    positives belongs to the feature that was split on (Saabas 2014), averaged over trees and stretched so
    that a row sums to its log-odds; a score of 0 or 1 counts as half a tree's vote away from it.
    """
    if hasattr(classifier, "booster_"):
        return classifier.predict(rows, pred_contrib=True)
    data = np.ascontiguousarray(rows, dtype=np.float32)
    shares = np.mean([_path_shares(tree, data) for tree in classifier.estimators_], axis=0)
    least = 0.5 / len(classifier.estimators_)
    base = np.clip(shares[:, -1], least, 1 - least)
    score = np.clip(shares.sum(axis=1), least, 1 - least)
    stays = np.abs(score - base) < 1e-12
    # Where a row has not moved at all, the slope of the log-odds itself.
    chord = (_log_odds(score) - _log_odds(base)) / np.where(stays, 1, score - base)
    slope = np.where(stays, 1 / (base * (1 - base)), chord)
    parts = shares[:, :-1] * slope[:, None]
    return np.column_stack([parts, _log_odds(score) - parts.sum(axis=1)])


def learned_numbers(classifier: LGBMClassifier | RandomForestClassifier) -> int:
    """How many numbers the trees learned: a threshold for each split and a value for each leaf."""
    if hasattr(classifier, "booster_"):
        return len(classifier.booster_.trees_to_dataframe())
    return sum(tree.tree_.node_count for tree in classifier.estimators_)


def _path_shares(tree: DecisionTreeClassifier, rows: np.ndarray) -> np.ndarray:
    """Of one tree: the change of the share of positives by feature (columns), and the root's share last."""
    inner = tree.tree_
    value = inner.value[:, 0, 1] / inner.value[:, 0].sum(axis=1)
    paths = inner.decision_path(rows)
    # A child's number is greater than its parent's, so that a row's nodes are in the order of its path.
    row = np.repeat(np.arange(len(rows)), np.diff(paths.indptr))
    same = row[1:] == row[:-1]
    parent, child = paths.indices[:-1][same], paths.indices[1:][same]
    shares = np.zeros((len(rows), rows.shape[1] + 1))
    np.add.at(shares, (row[1:][same], inner.feature[parent]), value[child] - value[parent])
    shares[:, -1] = value[0]
    return shares


def _log_odds(share: np.ndarray) -> np.ndarray:
    return np.log(share / (1 - share))
