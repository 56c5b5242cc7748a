/**
 * What tools and prompts are answered with, and what the client's side answers when it is asked: MCP's content blocks,
 * messages and results, in the parts that all revisions share.
 */
export type ContentBlock =
  | { readonly type: 'text'; readonly text: string }
  /** `data` is base64. */
  | { readonly type: 'image' | 'audio'; readonly data: string; readonly mimeType: string }
  | { readonly type: 'resource'; readonly resource: EmbeddedResource }
  | {
      readonly type: 'resource_link';
      readonly uri: string;
      readonly name: string;
      readonly description?: string;
      readonly mimeType?: string;
    };

/** `blob` is base64. */
export type EmbeddedResource = { readonly uri: string; readonly mimeType: string } & (
  | { readonly text: string }
  | { readonly blob: string }
);

/** What a tool without an output schema gives. */
export interface ToolContent {
  readonly content: readonly ContentBlock[];
  /** The tool failed, and the content says how, to the model. */
  readonly isError?: boolean;
}

export interface PromptMessage {
  readonly role: 'user' | 'assistant';
  readonly content: ContentBlock;
}

/** A question to the client's own model. */
export interface SamplingRequest {
  readonly messages: readonly PromptMessage[];
  readonly maxTokens: number;
  readonly systemPrompt?: string;
  readonly temperature?: number;
  readonly stopSequences?: readonly string[];
}

export interface SamplingAnswer {
  readonly role: 'user' | 'assistant';
  readonly content: ContentBlock | readonly ContentBlock[];
  readonly model: string;
  readonly stopReason?: string;
}

export interface Root {
  /** `file://…` */
  readonly uri: string;
  readonly name?: string;
}
