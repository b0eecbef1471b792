"""Models as TensorBoard's graph page shows them: traced torch modules, ONNX and OpenVINO files."""
