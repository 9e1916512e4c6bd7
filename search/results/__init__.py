"""What comes out of finished studies: figures, motifs, exports, a leaderboard, scores of sequences."""
