"""What people see: words, terminal, exports, what may be published, plots and pages. Computes no finding."""
