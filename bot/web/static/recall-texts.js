/** The words of the page of corrections. */

import { localeOf } from "./texts.js";

const many = (count, one, more) => `${count} ${count === 1 ? one : more}`;

const EN = {
  title: "Corrections",
  lead: "Customers who were told something that has changed since.",
  lists: (count, shown) =>
    count > shown ? `${shown} of ${many(count, "answer", "answers")}, the newest` : many(count, "answer", "answers"),
  period: "Closed conversations",
  days: (count) => `${count} days`,
  periodWhat: "Open conversations are always listed; closed ones for as long as this after their last message.",
  none: ["Nothing to correct", "When a page changes after customers were told about it, they are listed here."],
  toldBy: { bot: (at) => `The bot told them on ${at}`, agent: (at) => `A colleague told them on ${at}` },
  changed: (at) => `changed ${at}`,
  status: { bot: "With the bot", waiting: "Waiting", agent: "With an agent", closed: "Closed" },
  withAgent: (name) => `With ${name}`,
  mail: (email) => `Also goes to ${email} unless the chat is open`,
  said: "What the customer read",
  compare: "What it said, and says now",
  gone: "removed",
  new: "added",
  takenOut: "Taken out",
  takenOutWhat: "Nothing in the knowledge base says this any more.",
  nowTitled: (title) => `Now under “${title}”`,
  correction: "Correction",
  correctionEmpty: "Your shop has no wording for this. Write the correction yourself.",
  send: "Send",
  sendTo: (name) => `Send the correction to ${name}`,
  edit: "Edit",
  editTo: (name) => `Edit the correction to ${name}`,
  reset: "Undo",
  resetOf: (name) => `Undo my changes of the correction to ${name}`,
  notNeeded: "Not needed",
  notNeededTo: (name) => `No correction for ${name} is needed`,
  sending: "Sending",
  sent: (name) => `Correction sent to ${name}`,
  dismissed: (name) => `No correction for ${name}`,
  changedMeanwhile: "It has changed once more. This is what it says now: look at it again before you send it.",
  settled: "Somebody has seen to this already.",
};

const ZH = {
  title: "更正",
  lead: "以下顾客得到的答复，后来内容有变动。",
  lists: (count, shown) => (count > shown ? `共 ${count} 条，显示最近 ${shown} 条` : `共 ${count} 条`),
  period: "已结束的会话",
  days: (count) => `${count} 天`,
  periodWhat: "未结束的会话一直列出；已结束的会话在最后一条消息之后按此期限列出。",
  none: ["没有需要更正的答复", "帮助内容变动后，之前得到旧答复的顾客会列在这里。"],
  toldBy: { bot: (at) => `机器人 ${at} 答复`, agent: (at) => `同事 ${at} 答复` },
  changed: (at) => `${at} 变动`,
  status: { bot: "机器人接待中", waiting: "待接入", agent: "人工接待中", closed: "已结束" },
  withAgent: (name) => `${name} 接待中`,
  mail: (email) => `如对话窗口未打开，同时发送到 ${email}`,
  said: "顾客看到的答复",
  compare: "原来的内容与现在的内容",
  gone: "删除",
  new: "新增",
  takenOut: "已移除",
  takenOutWhat: "知识库里已经没有这项内容。",
  nowTitled: (title) => `现在的标题：“${title}”`,
  correction: "更正内容",
  correctionEmpty: "店铺没有设置默认文字，请自己写一段。",
  send: "发送",
  sendTo: (name) => `把更正发给 ${name}`,
  edit: "修改",
  editTo: (name) => `修改发给 ${name} 的更正`,
  reset: "撤销",
  resetOf: (name) => `撤销对发给 ${name} 的更正所做的修改`,
  notNeeded: "无需更正",
  notNeededTo: (name) => `${name} 无需更正`,
  sending: "正在发送",
  sent: (name) => `已发给 ${name}`,
  dismissed: (name) => `${name} 无需更正`,
  changedMeanwhile: "内容又有变动，以下是现在的内容，请再看一遍后发送。",
  settled: "已有同事处理过了。",
};

export function recallTextsFor(locale) {
  return localeOf(locale) === "zh" ? ZH : EN;
}
