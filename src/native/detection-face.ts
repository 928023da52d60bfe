// The typed face of bindings/detection.cc: what detectors' outputs mean. src/detection/ checks the arguments.

/** Detections in order. */
export interface DetectionArrays {
  /** [detections]: the row of the box. */
  readonly indices: Int32Array
  /** [detections] */
  readonly classes: Int32Array
  /** [detections] */
  readonly scores: Float32Array
}

export interface BoxArrays {
  /** [detections, 4]: y1, x1, y2, x2. */
  readonly boxes: Float32Array
  /** [detections] */
  readonly classes: Int32Array
  /** [detections] */
  readonly scores: Float32Array
}

/** [rows, 4] each. */
export interface EncodedBoxes {
  readonly encodings: Float32Array
  readonly anchors: Float32Array
  readonly rows: number
  /** y, x, h, w */
  readonly scales: readonly number[]
}

export interface HeatmapArray {
  /** [height, width, classes] */
  readonly heatmap: Float32Array
  readonly height: number
  readonly width: number
  readonly classes: number
  /** Pixels of the network's input to a cell. */
  readonly stride: number
  readonly maxDetections: number
}

export interface DetectionFunctions {
  /** native/detection/nms.h */
  suppressBoxes(options: {
    /** [rows, 4] */
    readonly boxes: Float32Array
    /** [rows, columns] */
    readonly scores: Float32Array
    readonly rows: number
    readonly columns: number
    /** [rows]; absent: the column is the label. */
    readonly labels?: Int32Array
    readonly mode: 'regular' | 'fast' | 'agnostic' | 'soft'
    readonly iouThreshold: number
    readonly scoreThreshold: number
    readonly maxDetections: number
    readonly sigma: number
  }): DetectionArrays
  /** native/detection/detection_postprocess.h */
  detectionPostprocess(
    options: EncodedBoxes & {
      /** [rows, columns] */
      readonly scores: Float32Array
      readonly columns: number
      /** The first column is no class. */
      readonly background: boolean
      readonly regular: boolean
      readonly scoreThreshold: number
      readonly iouThreshold: number
      readonly maxDetections: number
      readonly maxClassesPerDetection: number
      readonly detectionsPerClass: number
    },
  ): DetectionArrays & BoxArrays & { readonly count: number }
  /** native/detection/box_coder.h; [rows, 4]: y1, x1, y2, x2. */
  decodeBoxes(boxes: EncodedBoxes): Float32Array
  /** native/detection/centernet.h */
  decodeCenterNet(
    heads: HeatmapArray & {
      /** [height, width, 2] */
      readonly sizes: Float32Array
      /** [height, width, 2] */
      readonly offsets: Float32Array
      readonly imageHeight: number
      readonly imageWidth: number
    },
  ): BoxArrays
  /** native/detection/centernet.h */
  decodeSidedCenterNet(
    heads: HeatmapArray & {
      /** [height, width, 4] */
      readonly sides: Float32Array
    },
  ): BoxArrays
  /** native/detection/anchors.h; [anchors, 4]: centre y, x, h, w. */
  ssdAnchors(options: {
    /** Heights and widths in turn. */
    readonly grids: readonly number[]
    readonly minScale: number
    readonly maxScale: number
    readonly aspectRatios: readonly number[]
  }): Float32Array
  /** native/detection/anchors.h; [anchors, 4]: centre y, x, h, w. */
  pyramidAnchors(options: {
    readonly imageHeight: number
    readonly imageWidth: number
    readonly minLevel: number
    readonly maxLevel: number
    readonly anchorScale: number
    readonly aspectRatios: readonly number[]
    readonly scalesPerOctave: number
  }): Float32Array
}
