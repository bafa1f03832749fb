"""Readers and writers of labelled point clouds and driving logs."""
