import { extname } from "node:path";

/** What the ending of a file says of its framework, in the words of the official SDK. */
const BY_EXTENSION: Readonly<Record<string, string>> = {
  ".bst": "XGBoost",
  ".cbm": "CatBoost",
  ".h5": "Keras",
  ".joblib": "ScikitLearn",
  ".keras": "Keras",
  ".meta": "TensorFlow",
  ".onnx": "ONNX",
  ".pb": "TensorFlow",
  ".pkl": "ScikitLearn",
  ".pt": "PyTorch",
  ".pth": "PyTorch",
};

export const frameworkOf = (path: string): string | undefined => BY_EXTENSION[extname(path).toLowerCase()];
