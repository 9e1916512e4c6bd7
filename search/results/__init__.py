"""What comes out of finished studies: figures, exports, a leaderboard, scores of sequences."""
