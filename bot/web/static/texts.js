/** The words of the widget. Chinese is written, not translated word for word. */

const TEXTS = {
  en: {
    chat: "Chat",
    chatWith: (shop) => `Chat with ${shop}`,
    openChat: "Open chat",
    closeChat: "Close chat",
    unread: (count) => (count === 1 ? "1 new message" : `${count} new messages`),
    fromPages: "Answers from our help pages",
    waitingForPerson: "A colleague will join you here",
    withPerson: (name) => (name ? `You are talking to ${name}` : "You are talking to a person"),
    closed: "This chat is closed",
    thread: "Messages",
    you: "You",
    bot: "Bot",
    person: "Colleague",
    placeholder: "Ask a question",
    placeholderPerson: "Write a message",
    send: "Send",
    talkToPerson: "Talk to a person",
    personPromised: "No connection: we will ask a colleague as soon as it is back.",
    asked: "You asked for a person.",
    joined: (name) => (name ? `${name} is here now.` : "A colleague is here now."),
    takenOver: (name) => (name ? `${name} takes over from here.` : "A colleague takes over from here."),
    requeued: "We are finding another colleague for you. You are first in line.",
    returned: "The bot answers again.",
    ended: "This chat is closed. You can write again at any time.",
    delayed: "This takes longer than we would like. You keep your place.",
    inLine: (position) =>
      position === 1 ? "You are next in line" : position ? `You are number ${position} in line` : "You are in line",
    wait: ({ hours, minutes }) =>
      hours ? `about ${hours} hours` : minutes > 1 ? `about ${minutes} minutes` : "about a minute",
    backAt: (when) => `We are back ${when}`,
    at: (day, time) => `${day} at ${time}`,
    onDay: (day) => `on ${day}`,
    away: "Nobody is here right now. You keep your place.",
    emailAsk: "Leave your e-mail address and we will write to you. You keep your place.",
    emailWrong: "Please write the whole address, such as name@example.com.",
    emailNotSent: "That was not sent. Please try again.",
    emailLeft: (email) => `We will write to ${email}.`,
    change: "Change",
    more: "More",
    endChat: "End chat",
    endAsk: "End this chat?",
    endNot: "Not yet",
    endPromised: "No connection: this chat ends as soon as it is back.",
    removed: "This message was removed.",
    source: (number, title) => `Source ${number}: ${title}`,
    sources: "Sources",
    ourPages: "From our help pages",
    readOn: (host) => `Read it on ${host}`,
    close: "Close",
    helpful: "This helped",
    unhelpful: "This did not help",
    working: "Looking in our help pages",
    typing: (name) => (name ? `${name} is writing` : "Writing"),
    sending: "Sending",
    notSent: "Not sent.",
    tooFast: "Not sent: too many at once.",
    tryAgain: "Try again",
    noConnection: "No connection. What you write is kept and sent later.",
    stopped: "The connection was closed.",
    connect: "Connect",
    howWasIt: "How did we do?",
    score: ["Very bad", "Bad", "All right", "Good", "Very good"],
    thanks: "Thank you for telling us.",
    newMessages: "New messages",
    today: "Today",
    yesterday: "Yesterday",
    days: { today: "today", tomorrow: "tomorrow" },
    tooLong: (over) => `${over} characters too long`,
    charactersLeft: (left) => `${left} characters left`,
    greeting: "Hello! How can we help?",
  },
  zh: {
    chat: "在线客服",
    chatWith: (shop) => `${shop} 在线客服`,
    openChat: "打开客服",
    closeChat: "收起客服",
    unread: (count) => `${count} 条新消息`,
    fromPages: "答案来自本店帮助页面",
    waitingForPerson: "人工客服稍后就到",
    withPerson: (name) => (name ? `${name} 为您服务` : "人工客服为您服务"),
    closed: "会话已结束",
    thread: "消息记录",
    you: "我",
    bot: "机器人",
    person: "人工客服",
    placeholder: "请输入您的问题",
    placeholderPerson: "请输入消息",
    send: "发送",
    talkToPerson: "转人工",
    personPromised: "网络已断开，恢复后马上为您转人工。",
    asked: "您已申请人工客服。",
    joined: (name) => (name ? `${name} 已接入，为您服务。` : "人工客服已接入。"),
    takenOver: (name) => (name ? `接下来由 ${name} 为您服务。` : "接下来由另一位客服为您服务。"),
    requeued: "正在为您安排其他客服，您排在最前面。",
    returned: "现在由机器人继续为您服务。",
    ended: "会话已结束，有问题可以随时再问。",
    delayed: "抱歉让您久等，您的排队位置会一直保留。",
    inLine: (position) =>
      position === 1 ? "下一位就轮到您" : position ? `您前面还有 ${position - 1} 位` : "您正在排队",
    wait: ({ hours, minutes }) => (hours ? `预计等待约 ${hours} 小时` : `预计等待约 ${Math.max(1, minutes)} 分钟`),
    backAt: (when) => `人工客服${when} 上线`,
    at: (day, time) => `${day} ${time}`,
    onDay: (day) => day,
    away: "人工客服暂时不在，您的排队位置会保留。",
    emailAsk: "留下您的邮箱，我们会写信回复，排队位置也会保留。",
    emailWrong: "请填写完整的邮箱地址，例如 name@example.com。",
    emailNotSent: "没有提交成功，请再试一次。",
    emailLeft: (email) => `我们会回复到 ${email}。`,
    change: "修改",
    more: "更多",
    endChat: "结束会话",
    endAsk: "要结束本次会话吗？",
    endNot: "再聊聊",
    endPromised: "网络已断开，恢复后会结束本次会话。",
    removed: "这条消息已被移除。",
    source: (number, title) => `出处 ${number}：${title}`,
    sources: "出处",
    ourPages: "本店帮助页面",
    readOn: (host) => `前往 ${host} 查看`,
    close: "关闭",
    helpful: "有帮助",
    unhelpful: "没有帮助",
    working: "正在查找帮助页面",
    typing: (name) => (name ? `${name} 正在输入` : "正在输入"),
    sending: "发送中",
    notSent: "未发送。",
    tooFast: "发送太快，未发送。",
    tryAgain: "重新发送",
    noConnection: "网络已断开，您写的内容会保留，恢复后自动发送。",
    stopped: "连接已关闭。",
    connect: "重新连接",
    howWasIt: "请为本次服务打分",
    score: ["很不满意", "不满意", "一般", "满意", "非常满意"],
    thanks: "感谢您的评价。",
    newMessages: "有新消息",
    today: "今天",
    yesterday: "昨天",
    days: { today: "今天", tomorrow: "明天" },
    tooLong: (over) => `超出 ${over} 个字`,
    charactersLeft: (left) => `还可输入 ${left} 个字`,
    greeting: "您好！请问有什么可以帮您？",
  },
};

/** "zh-Hans-CN" → "zh"; every language we do not have → "en". */
export function localeOf(wanted) {
  return String(wanted ?? "").toLowerCase().startsWith("zh") ? "zh" : "en";
}

export function textsFor(locale) {
  return TEXTS[localeOf(locale)];
}

/** Dates and times as the customer's language writes them, in the customer's own time zone. */
export function datesFor(locale) {
  const language = localeOf(locale) === "zh" ? "zh-CN" : "en-GB";
  const format = (options) => new Intl.DateTimeFormat(language, options);
  const time = format({ hour: "2-digit", minute: "2-digit" });
  const hour = format({ hour: "numeric", minute: "2-digit" });
  const weekday = format({ weekday: "long" });
  const day = format({ weekday: "long", day: "numeric", month: "long" });
  const texts = textsFor(locale);
  return {
    time: (date) => time.format(date),
    day(date, now = new Date()) {
      return { 0: texts.today, 1: texts.yesterday }[daysFrom(date, now)] ?? day.format(date);
    },
    /** A moment to come: "tomorrow at 9:00". */
    soon(date, now = new Date()) {
      const ahead = daysFrom(now, date);
      const named = { 0: texts.days.today, 1: texts.days.tomorrow }[ahead];
      return texts.at(named ?? texts.onDay((ahead < 7 ? weekday : day).format(date)), hour.format(date));
    },
  };
}

function daysFrom(one, other) {
  return Math.round((midnight(other) - midnight(one)) / 86_400_000);
}

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
