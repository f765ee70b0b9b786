/** Forms of a page: what goes with each, what was typed before it was refused, and the fields with their labels. */

import { html } from "hono/html";

import type { Html } from "../../pages/html-table.ts";

/** Names what came of a form: what was done, or why nothing was, and by which field. */
export type ActAnswer =
  | { readonly says: string; readonly refused: null }
  | {
      readonly refused: string;
      readonly field?: string;
      /** Whether it may have been done: GitHub or the database gave no answer. */
      readonly isUnsure?: true;
      /** Whether its sender sent so many that it was not looked at. */
      readonly isTooMany?: true;
      /** Whether it was not looked at because too many are being done. */
      readonly isBusy?: true;
    };

/** Names the field with the CSRF token. */
export const CSRF = "csrf";
/** Names the field with the name of the act. */
export const ACT = "act";
/** Names the field that names the form itself. */
export const FORM = "form";

/** Describes a form as it was filled in. `labels`: of the fields that people write, by name. */
export interface FilledForm {
  readonly given: Readonly<Record<string, string>>;
  readonly labels: ReadonlyMap<string, string>;
}

/** Describes a form that was refused, so that it is shown as it was filled in. */
export interface RefusedForm extends FilledForm {
  readonly act: string;
  readonly form: string;
  readonly answer: Extract<ActAnswer, { readonly refused: string }>;
}

/** Holds what all forms of a page have in common. */
export interface FormTools {
  readonly action: string;
  readonly csrfToken: string;
  /** Returns a name for another form. */
  readonly newId: () => string;
  /** What was refused just now; null: nothing. */
  readonly refused: RefusedForm | null;
}

/** Returns the fields of a form that people write, in the order of their labels. */
export function writtenFields({
  given,
  labels,
}: FilledForm): readonly { readonly name: string; readonly label: string; readonly value: string }[] {
  return [...labels].flatMap(([name, label]) => {
    const value = given[name];
    return value === undefined ? [] : [{ name, label, value }];
  });
}

/** Shows what was written into a form, where the form itself is not shown. */
export function whatWasWritten(form: FilledForm): Html {
  const written = writtenFields(form).filter(({ value }) => value !== "");
  if (written.length === 0) return html``;
  return html`<h2>What you wrote</h2>
    <dl class="facts">
      ${written.map(
        ({ label, value }) =>
          html`<div>
            <dt>${label}</dt>
            <dd><pre>${value}</pre></dd>
          </div>`,
      )}
    </dl>`;
}

/** How a field is filled in. */
interface FieldKind {
  readonly kind?: "text" | "area" | "date";
  /** What may be chosen, by value. */
  readonly choices?: readonly (readonly [value: string, text: string])[];
  readonly value?: string;
  /** What is to be written, below the label. */
  readonly hint?: string;
  readonly required?: boolean;
}

/** Makes the fields of one form, with what was typed into them. */
export class FormFields {
  readonly #id: string;
  readonly #refused: RefusedForm | null;

  constructor(id: string, refused: RefusedForm | null) {
    this.#id = id;
    this.#refused = refused;
  }

  /** Returns a field with its label, and why it was refused. */
  field(
    name: string,
    label: string,
    { kind = "text", choices, value = "", hint, required }: FieldKind = {},
  ): Html {
    const id = `${this.#id}-${name}`;
    const typed = this.#refused?.given[name] ?? value;
    const answer = this.#refused?.answer;
    const problem = answer?.field === name ? answer.refused : null;
    const notes = [
      ...(hint === undefined ? [] : [`${id}-hint`]),
      ...(problem === null ? [] : [`${id}-problem`]),
    ];
    // The page opens at the field that is to be corrected, however far down that is.
    const attributes = html`id="${id}" name="${name}"
    ${notes.length === 0 ? "" : html`aria-describedby="${notes.join(" ")}"`}
    ${problem === null ? "" : html`aria-invalid="true" autofocus`} ${required === true ? html`required` : ""}`;
    return html`<p class="field">
      <label for="${id}">${label}</label>
      ${hint === undefined ? "" : html`<span class="hint" id="${id}-hint">${hint}</span>`}
      ${inputHtml(attributes, kind, choices, typed)}
      ${problem === null ? "" : html`<span class="problem" id="${id}-problem">${problem}</span>`}
    </p>`;
  }
}

function inputHtml(
  attributes: Html,
  kind: NonNullable<FieldKind["kind"]>,
  choices: FieldKind["choices"],
  value: string,
): Html {
  if (choices !== undefined)
    return html`<select ${attributes}>
      ${choices.map(
        ([each, text]) =>
          html`<option value="${each}" ${each === value ? html`selected` : ""}>${text}</option>`,
      )}
    </select>`;
  if (kind === "area") return html`<textarea rows="2" ${attributes}>${value}</textarea>`;
  return html`<input type="${kind}" value="${value}" ${attributes} />`;
}

/** Makes the forms of one page for someone who is signed in. */
export class PageForms {
  readonly #tools: FormTools;
  #isRefusedShown = false;

  constructor(tools: FormTools) {
    this.#tools = tools;
  }

  /** Whether the form that was refused is among those made so far. */
  get isRefusedShown(): boolean {
    return this.#isRefusedShown;
  }

  /** Returns a form of an act. `about`: what it is about, unseen; `button`: what sends it. */
  form(
    act: string,
    about: Readonly<Record<string, string>>,
    fields: (form: FormFields) => Html,
    button: string,
  ): Html {
    const { action, csrfToken, newId } = this.#tools;
    const refused = this.#refusedOf(act, about);
    if (refused !== null) this.#isRefusedShown = true;
    // The same form once more: should GitHub have taken it after all, it is not done twice.
    const id = refused?.form ?? newId();
    const hidden = { [CSRF]: csrfToken, [ACT]: act, [FORM]: id, ...about };
    return html`<form class="act" method="post" action="${action}">
      ${Object.entries(hidden).map(
        ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
      )}
      ${refused === null || refused.answer.field !== undefined ? "" : html`<p class="problem">${refused.answer.refused}</p>`}
      ${fields(new FormFields(id, refused))}
      <p class="send"><button>${button}</button></p>
    </form>`;
  }

  /** Returns the same under a line that unfolds it. */
  folded(title: string, ...form: Parameters<PageForms["form"]>): Html {
    const [act, about] = form;
    const isOpen = this.#refusedOf(act, about) !== null;
    return html`<details class="fold" ${isOpen ? html`open` : ""}>
      <summary>${title}</summary>
      ${this.form(...form)}
    </details>`;
  }

  #refusedOf(act: string, about: Readonly<Record<string, string>>): RefusedForm | null {
    const { refused } = this.#tools;
    if (refused?.act !== act) return null;
    return Object.entries(about).every(([name, value]) => refused.given[name] === value) ? refused : null;
  }
}
