/** Small annotation files with detections, full of what implementations of COCO's evaluation get wrong. */
import { uniform } from '../../native/kernels/random.js'

export type Box = [x: number, y: number, width: number, height: number]

export interface Annotation {
  id: number
  image_id: number
  category_id: number
  bbox: Box
  area: number
  iscrowd: number
}

export interface Detection {
  image_id: number
  category_id: number
  bbox: Box
  score: number
}

export interface CocoCase {
  annotations: {
    images: { id: number }[]
    categories: { id: number; name: string }[]
    annotations: Annotation[]
  }
  detections: Detection[]
}

/** A case of a few images and categories, the same for the same seed. */
export function randomCase(seed: number): CocoCase {
  return new Generator(seed).case()
}

class Generator {
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = uniform(seed)
    this.#random()
  }

  case(): CocoCase {
    const imageIds = this.#distinct(this.#whole(1, 6), 0, 40)
    const categoryIds = this.#distinct(this.#whole(1, 5), 0, 12)
    const annotations = this.#annotations(imageIds, categoryIds)
    return {
      annotations: {
        images: imageIds.map((id) => ({ id })),
        categories: categoryIds.map((id) => ({ id, name: `category ${id}` })),
        annotations,
      },
      detections: this.#detections(imageIds, categoryIds, annotations),
    }
  }

  #annotations(imageIds: readonly number[], categoryIds: readonly number[]): Annotation[] {
    const count = this.#whole(0, this.#chance(0.2) ? 40 : 12)
    const hasRepeats = this.#chance(0.1)
    const distinct = this.#distinct(count, this.#chance(0.4) ? 0 : 1, 60)
    const ids = hasRepeats ? distinct.map(() => this.#whole(0, 8)) : distinct
    const crowds = this.#pick([0, 0, 0.1, 0.4])
    const extent = this.#pick([12, 40, 150, 400])
    return ids.map((id) => {
      const bbox = this.#box(extent)
      const areas = [
        bbox[2] * bbox[3],
        bbox[2] * bbox[3],
        bbox[2] * bbox[3] * 0.7,
        1024,
        9216,
        0,
        1e10,
        1e10 + 2,
      ]
      return {
        id,
        image_id: this.#chance(0.02) ? 1000 : this.#pick(imageIds),
        category_id: this.#chance(0.02) ? 1000 : this.#pick(categoryIds),
        bbox,
        area: this.#pick(areas),
        iscrowd: this.#chance(crowds) ? 1 : 0,
      }
    })
  }

  #detections(
    imageIds: readonly number[],
    categoryIds: readonly number[],
    annotations: readonly Annotation[],
  ): Detection[] {
    const count = this.#pick([0, 1, 5, 20, 60, 150, 400])
    const extent = this.#pick([12, 40, 150, 400])
    const near = this.#pick([0.2, 0.7, 0.95])
    const crowded = this.#chance(0.3) // nearly all in one place, so that more than 100 meet
    const score = this.#scores()
    return Array.from({ length: count }, () => {
      const target = annotations.length > 0 && this.#chance(near) ? this.#pick(annotations) : undefined
      const isListed = target !== undefined && imageIds.includes(target.image_id)
      const detection = {
        image_id: isListed ? target.image_id : this.#pick(imageIds),
        category_id: target && this.#chance(0.9) ? target.category_id : this.#pick(categoryIds),
        bbox: target ? this.#nudged(target.bbox) : this.#box(extent),
        score: score(),
      }
      if (crowded && this.#chance(0.8)) {
        detection.image_id = imageIds[0]!
        detection.category_id = categoryIds[0]!
      }
      return detection
    })
  }

  /** Scores with many ties or none, whole or negative or with all the digits of a float32. */
  #scores(): () => number {
    return this.#pick([
      () => Math.fround(this.#random()),
      () => this.#random(),
      () => this.#whole(0, 4) / 4,
      () => this.#whole(0, 99) / 100,
      () => 1,
      () => this.#whole(-2, 2),
      () => Math.fround(this.#random() * 1e-5),
      () => this.#random() - 0.5,
    ])
  }

  #box(extent: number): Box {
    if (this.#chance(0.7)) {
      return [this.#whole(0, extent), this.#whole(0, extent), this.#whole(0, extent), this.#whole(1, extent)]
    }
    const real = () => this.#random() * extent
    const box: Box = [real(), real(), real(), real()]
    return this.#chance(0.5) ? (box.map(Math.fround) as Box) : box
  }

  /** The box itself, or one whose IoU with it is at or near a threshold, or one a little beside it. */
  #nudged([x, y, width, height]: Box): Box {
    switch (this.#whole(0, 5)) {
      case 0:
        return [x, y, width, height]
      case 1:
        return [x, y, width * this.#pick([0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]), height]
      case 2:
        return [x, y, width, (height * this.#whole(10, 20)) / 20]
      case 3:
        return [x + this.#whole(-2, 2), y + this.#whole(-2, 2), width + this.#whole(-2, 2), height]
      case 4:
        return [
          Math.fround(x + this.#random()),
          Math.fround(y - this.#random()),
          width,
          Math.fround(height * 0.95),
        ]
      default:
        return [x * this.#random(), y, width * (1 + this.#random()), height * (1 - this.#random() / 4)]
    }
  }

  /** `count` whole numbers from `least` on, unordered. */
  #distinct(count: number, least: number, most: number): number[] {
    const found = new Set<number>()
    while (found.size < count) found.add(this.#whole(least, most))
    return [...found]
  }

  #chance(probability: number): boolean {
    return this.#random() < probability
  }

  /** From least to most, both included. */
  #whole(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1))
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#whole(0, choices.length - 1)]!
  }
}
