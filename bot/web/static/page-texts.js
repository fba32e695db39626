/** Words that the pages for evidence, answers and numbers share. */

import { localeOf } from "./texts.js";

const TEXTS = {
  en: {
    noServer: "The server cannot be reached. Nothing is lost.",
    forbidden: "Your role does not allow this. A supervisor can help.",
    notFound: "This is not here, or no longer.",
    tooMuch: "This is too long, or something is missing.",
    failed: "That did not work.",
    again: "Try again",
    openConversation: "Open the conversation",
    asTable: "As a table",
    none: "None",
  },
  zh: {
    noServer: "连接不上服务器，内容不会丢失。",
    forbidden: "您的角色没有这项权限，请联系主管。",
    notFound: "这里没有您要找的内容，可能已被移除。",
    tooMuch: "内容太长，或有缺漏。",
    failed: "操作没有成功。",
    again: "重试",
    openConversation: "打开会话",
    asTable: "以表格显示",
    none: "无",
  },
};

export function pageTextsFor(locale) {
  return TEXTS[localeOf(locale)];
}

/** Why a request failed, as a sentence; the server's own when it has one. */
export function whyFailed(texts, { status, says }) {
  if (says) return says;
  return (
    { 0: texts.noServer, 403: texts.forbidden, 404: texts.notFound, 413: texts.tooMuch, 422: texts.tooMuch }[status] ??
    texts.failed
  );
}
