/** The parts of one block, in the order in which they run. */
export const blockParts = ['attentionNorm', 'q', 'k', 'v', 'o', 'mlpNorm', 'gate', 'up', 'down'] as const

export type BlockPart = (typeof blockParts)[number]

/** What each family of files calls a Llama's tensors. */
export interface TensorNames {
  readonly embedding: string
  readonly outputNorm: string
  readonly head: string
  block(index: number, part: BlockPart): string
  /** Tensors that hold nothing that the configuration does not say already. */
  readonly redundant: RegExp
  /** The part of a block's tensor name that says which block. */
  readonly blockPrefix: RegExp
}

const huggingFaceParts: Readonly<Record<BlockPart, string>> = {
  attentionNorm: 'input_layernorm',
  q: 'self_attn.q_proj',
  k: 'self_attn.k_proj',
  v: 'self_attn.v_proj',
  o: 'self_attn.o_proj',
  mlpNorm: 'post_attention_layernorm',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
}

const ggufParts: Readonly<Record<BlockPart, string>> = {
  attentionNorm: 'attn_norm',
  q: 'attn_q',
  k: 'attn_k',
  v: 'attn_v',
  o: 'attn_output',
  mlpNorm: 'ffn_norm',
  gate: 'ffn_gate',
  up: 'ffn_up',
  down: 'ffn_down',
}

/** transformers, modeling_llama.py. */
export const huggingFaceNames: TensorNames = {
  embedding: 'model.embed_tokens.weight',
  outputNorm: 'model.norm.weight',
  head: 'lm_head.weight',
  block: (index, part) => `model.layers.${index}.${huggingFaceParts[part]}.weight`,
  // Old transformers saved each layer's rotary frequencies.
  redundant: /^model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq$/,
  blockPrefix: /^model\.layers\.(\d+)\./,
}

/** llama.cpp, gguf-py/gguf/constants.py, `MODEL_ARCH.LLAMA`. */
export const ggufNames: TensorNames = {
  embedding: 'token_embd.weight',
  outputNorm: 'output_norm.weight',
  head: 'output.weight',
  block: (index, part) => `blk.${index}.${ggufParts[part]}.weight`,
  redundant: /^(rope_freqs\.weight|blk\.\d+\.attn_rot_embd|blk\.\d+\.rope_freqs\.weight)$/,
  blockPrefix: /^blk\.(\d+)\./,
}
