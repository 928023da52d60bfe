// The public API of qnative. Everything the command line does is here.
export { type CeilingPoint, type Ceilings, measureCeilings } from './bench/ceilings.js'
export {
  type BenchDetectorOptions,
  benchDetector,
  type DetectorBench,
  type DetectorBenchResult,
  type DetectorKernelResult,
} from './bench/detectors/bench-detector.js'
export { type DetectorPreset, detectorPresets } from './bench/detectors/presets.js'
export {
  benchKernels,
  type KernelBench,
  type KernelBenchOptions,
  type KernelResult,
} from './bench/kernel-bench.js'
export type { WeightBits } from './bench/kernel-case.js'
export { benchModel, type ModelBenchOptions, type ModelBenchResult } from './bench/model-bench.js'
export { type LlamaShape, type Preset, presets } from './bench/presets.js'
export { type Profile, type ProfileOptions, profileModel } from './bench/profile.js'
export { type Comparison, compareTimes, type Verdict } from './bench/statistics.js'
export { chromeTrace, detectorTrace, type Trace, type TraceEvent } from './bench/trace.js'
export * from './detection/centernet.js'
export * from './detection/nms.js'
export * from './detection/ssd.js'
export type { Int8Matrix, TableMatrix } from './formats/bitsandbytes.js'
export { FormatError } from './formats/error.js'
export type { GptqMatrix } from './formats/gptq.js'
export type { FileInspection, TypeTotal } from './formats/inspect.js'
export { FolderError } from './formats/output-folder.js'
export type { StorageType, TensorSource } from './formats/tensor.js'
export {
  isQuantizedGraph,
  openQuantizedGraph,
  readQuantizationNote,
} from './graph/container/read-graph.js'
export type { QuantizationNote } from './graph/container/storage.js'
export { writeQuantizedGraph } from './graph/container/write-graph.js'
export type {
  Graph,
  GroupQuantization,
  Node,
  Quantization,
  Tensor as GraphTensor,
} from './graph/graph.js'
export {
  type GraphInspection,
  inspectGraph,
  type NetworkInspection,
  type TensorInspection,
} from './graph/inspect.js'
export type { Operation } from './graph/operation.js'
export { optimize as optimizeGraph } from './graph/optimize.js'
export { openTfjsGraph } from './graph/tfjs/convert.js'
export { openTfliteGraph } from './graph/tflite/convert.js'
export { decodeImage } from './images/decode.js'
export { drawBoxes, type LabelledBox } from './images/draw.js'
export type { ImageSize, RgbImage } from './images/image.js'
export { boxesToImage, type Fit, type Placement } from './images/placement.js'
export {
  type ModelInput,
  type Normalization,
  type Preprocessing,
  type PreprocessOptions,
  preprocessImage,
  type ResizedImage,
  type ResizeMode,
  type ResizeOptions,
  resizeImage,
} from './images/preprocess.js'
export { type ImagePreset, imagePresets, parseResizeFit } from './images/presets.js'
export type { CenterNetGrid } from './models/detector/centernet.js'
export type { DetectionLimits, Detections } from './models/detector/decode.js'
export { type DetectorDescription, type DetectorHeads, describeDetector } from './models/detector/describe.js'
export {
  type DetectionTimes,
  Detector,
  type DetectorOptions,
  type NetworkRunner,
} from './models/detector/detector.js'
export {
  type DetectorInspection,
  inspectNetwork,
  type NetworkFileInspection,
} from './models/detector/inspect.js'
export { cocoCategories, cocoIdOf, labelName } from './models/detector/labels.js'
export { type LoadDetectorOptions, type LoadedDetector, loadDetector } from './models/detector/load.js'
export { type FoundObject, objectsOf } from './models/detector/objects.js'
export { openNetwork } from './models/detector/open.js'
export { headsAtPeaks } from './models/detector/peaks.js'
export {
  type DetectorInput,
  Preprocessor,
  type PreprocessorOptions,
} from './models/detector/preprocessor.js'
export { detectorInputs, imagesIn } from './models/detector/samples.js'
export {
  type GraphRun,
  type GraphRunOptions,
  GraphSession,
  type GraphSessionOptions,
  type LayerTiming,
} from './models/detector/session.js'
export type { SsdHeads } from './models/detector/ssd.js'
export {
  type LlamaBlock,
  type LlamaCheckpoint,
  type LlamaQuantization,
  type MatrixSource,
  openLlama,
} from './models/llama/checkpoint.js'
export type { LlamaConfig } from './models/llama/config.js'
export { type GenerateOptions, generateTokens } from './models/llama/generate.js'
export { inspectModel, type LlamaInspection, type ModelInspection } from './models/llama/inspect.js'
export { allLogits } from './models/llama/logits.js'
export { Llama, type LlamaLoadOptions } from './models/llama/model.js'
export { type HeadType, type LlamaBits, type LlamaPrecision, precisionOf } from './models/llama/precision.js'
export type { Activations } from './models/llama/program.js'
export type { SamplingOptions } from './models/llama/sampling.js'
export { type Diagnosis, diagnose } from './native/diagnosis.js'
export type { Environment, Isa, IsaStatus } from './native/face.js'
export { UnusableError } from './native/isa.js'
export * from './quantize/arrays.js'
export { type CalibrationOptions, type CalibrationText, readCalibration } from './quantize/calibration.js'
export { type AutoMixedOptions, autoMixed, type MixedGraph } from './quantize/detector/auto-mixed.js'
export { type Calibration, calibrate } from './quantize/detector/calibrate.js'
export { type LayerInputs, measureLayerInputs } from './quantize/detector/layer-inputs.js'
export type { Observer } from './quantize/detector/observers.js'
export {
  type DetectorAtPrecision,
  type DetectorsOptions,
  detectorsAt,
  type NetworkAtPrecision,
  type NetworksOptions,
  networksAt,
  type PrecisionName,
  precisionNames,
} from './quantize/detector/precisions.js'
export {
  detectorSensitivity,
  type QuantizeDetectorOptions,
  type QuantizedDetector,
  quantizeDetector,
  type WriteDetectorOptions,
} from './quantize/detector/quantize-detector.js'
export { type CalibrationData, quantizeGraph } from './quantize/detector/quantize-graph.js'
export type {
  ActivationType,
  DetectorPrecision as QuantizedDetectorPrecision,
  DetectorRecipe,
} from './quantize/detector/recipe.js'
export type { GraphRunner, OpenRunner, Sample } from './quantize/detector/run-graph.js'
export {
  type LayerSensitivity,
  measureSensitivity,
  type SensitivityOptions,
} from './quantize/detector/sensitivity.js'
export type { ModuleReport } from './quantize/quantize-block.js'
export type { QuantizeTimes } from './quantize/quantize-blocks.js'
export { type QuantizeLlamaOptions, type QuantizeResult, quantizeLlama } from './quantize/quantize-llama.js'
export { type QuantizeMethod, type Recipe, type RecipeStep, recipeSteps } from './quantize/recipe.js'
export { type RecipeOptions, recipeOf } from './quantize/recipes.js'
export { type SelfTextOptions, writeCalibration } from './quantize/self-text.js'
export * from './quantize/solver.js'
export { type CocoOptions, evaluateCoco } from './tasks/coco/evaluate.js'
export {
  type DetectorEvaluation,
  type DetectorEvaluationOptions,
  type DetectorPrecision,
  type DetectorResult,
  evaluateDetector,
} from './tasks/coco/evaluate-detector.js'
export type { PrecisionLoss } from './tasks/coco/loss.js'
export type { CocoCategoryResult, CocoEvaluation, CocoResult, CocoStats } from './tasks/coco/result.js'
export { compareRuns, type MetricComparison, type RunComparison } from './tasks/compare/compare.js'
export { type Run, readRun } from './tasks/compare/run.js'
export { evaluateLambada, type LambadaOptions } from './tasks/lambada/evaluate.js'
export type { LambadaResult, LambadaRow } from './tasks/lambada/result.js'
export type { EvaluationOptions } from './tasks/lineup.js'
export { findOverlap, type TextAtLine, textHash } from './tasks/overlap.js'
export { evaluatePerplexity, type PerplexityOptions } from './tasks/perplexity/evaluate.js'
export type { PerplexityResult, PerplexityRow } from './tasks/perplexity/result.js'
export type {
  Agreement,
  AgreementRow,
  KernelCalls,
  QuantizationMethod,
  ScoredPrecision,
  ScoringCost,
} from './tasks/result.js'
export { type ChatMessage, renderChat } from './tokenizer/chat.js'
export type { Tokenizer } from './tokenizer/tokenizer.js'
