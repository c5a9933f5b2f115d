/** Which language the widget speaks. */

import { EN } from "./texts-en.js";
import { ZH_HANS } from "./texts-zh-hans.js";
import { ZH_HANT } from "./texts-zh-hant.js";

export type Texts = { readonly [Name in keyof typeof EN]: string };
export const LOCALES = ["en", "zh-Hans", "zh-Hant"] as const;
export type Locale = (typeof LOCALES)[number];
export const NAMES: Record<Locale, string> = { en: "English", "zh-Hans": "简体中文", "zh-Hant": "繁體中文" };
export const TEXTS: Record<Locale, Texts> = { en: EN, "zh-Hans": ZH_HANS, "zh-Hant": ZH_HANT };

/** The locale for a tag such as zh-TW or en-GB; null for a language that is not spoken. */
export function localeOf(tag: string | null | undefined): Locale | null {
  const parts = (tag ?? "").toLowerCase().replace(/_/g, "-").split("-");
  if (parts[0] === "en") return "en";
  if (parts[0] !== "zh" && parts[0] !== "yue") return null;
  const traditional = parts.includes("hant") || (!parts.includes("hans") && parts.some((p) => /^(tw|hk|mo)$/.test(p)));
  return traditional || parts[0] === "yue" ? "zh-Hant" : "zh-Hans";
}

/** Those of the locales in which the site answers. */
export function offered(languages: readonly string[] | undefined): Locale[] {
  const served = LOCALES.filter((locale) => !languages?.length || languages.includes(primary(locale)));
  return served.length ? served : [...LOCALES];
}

/** The visitor's choice, else the site's, else what the browser is set to, else the page's language. */
export function chosenLocale(wishes: readonly (string | null | undefined)[], from: readonly Locale[]): Locale {
  for (const wish of wishes) {
    const locale = localeOf(wish);
    if (locale && from.includes(locale)) return locale;
  }
  return from[0] ?? "en";
}

export function primary(locale: Locale): string {
  return locale.split("-")[0]!;
}
