"""How sentences begin and how shops are polite: words that are no names and words that claim nothing."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# ── sentence starts that are no names ──

STARTS = _set("""
simply just please contact send click open go choose select enter visit call email write check make use keep bring pay
order returns return refunds refund delivery deliveries shipping orders items products customers payment payments
opening standard express most many some new old first second third next then finally afterwards later today tomorrow
under over within before after during without with for from to by on in at of as if unless when once while because since
although though however therefore also still already usually normally typically generally sometimes often rarely
unused unopened opened damaged faulty defective broken gift parcels packages purchases prices costs fees nothing
everything anything anyone everyone somebody someone anybody nobody none never always log sign sign-in download upload
tap press scroll look
follow fill add remove delete change update create set turn switch start stop wait try ask tell let see find get give
take put pack print attach cancel confirm track ship buy include wear wash store clean charge connect pair reset press
business working personal online free full partial original digital physical sale sorry thanks thank happy hello hi hey
good great unfortunately certainly absolutely sure okay ok alright note additional extra further any all both each
every either neither other others such more less fewer only even except besides instead otherwise thereafter
membership members warranty support service exchanges repairs stock discounts vouchers points subscriptions accounts
read verify expect receive collect pick drop leave returning shipping ordering paying sending using choosing exchanging
accept add agree allow answer apply appoint arrange arrive ask assemble avoid become begin believe bend boil book borrow
break breathe brush build burn carry catch chase check clear climb close come complete consider consult continue
control cook copy count cover cross cut damage deal decide deduct deliver deposit describe deserve destroy detach
dial dig dip discuss divide do double draw dress drink drive dry earn eat empty enclose end enjoy ensure erase exchange
expire explain extend fail fall feed feel fetch fetching fight file film finish fit fix fold force forget forgive form
forward freeze gather go grow guess hand handle hang happen have hear heat help hide hit hold hope hurry identify
imagine improve inform insert inspect install introduce invite iron join jump keep knock know label last learn lend
lie lift limit link list listen load lock lose lower mail maintain manage mark match matter measure mention mix move
name need note notice notify obtain occur offer owe own park pass pause peel perform phone photograph place plan plug
possess post pour prefer prepare present press prevent process produce promise protect prove provide publish pull
push quote raise reach realise receive recommend record redeem reduce refer refill refuse register regret reject relax
release rely remember rent repair repeat replace reply report request require rescue reserve resolve rest result resume
retain reveal ride rinse ring rise rub rule run save say scan schedule search secure seem sell separate serve set settle
shake share shop shorten shout shut sit skip sleep slide slow smell soak solve sort speak specify spend split spray
spread stand start state stay stick stir stretch submit subscribe subtract succeed suggest suit supply support suppose
swap swim talk taste teach tear test think throw tick tie touch train transfer translate travel treat trust twist type
understand undo unfold unlock unpack unplug unscrew unsubscribe untie unwrap update upgrade upload value verify view
visit vote walk want warm warn waste water weigh wipe wish withdraw wonder work worry wrap zip cheap fast slow
short long small large big little high low early late quick easy hard soft warm cold wet dry heavy light safe
whole half double single several another enough plenty certain various individual separate similar different same
yearly monthly weekly daily hourly annual today tonight tomorrow yesterday soon later earlier twice thrice maybe perhaps
probably often mostly mainly partly rather quite almost nearly hardly ahead afterward anyway indeed meanwhile otherwise
beyond above below beside besides between inside outside near next nothing nobody whether whatever whenever wherever
whoever whichever why how what who which where there here this that these those
people person anyone children adults parents students seniors guests visitors members passengers drivers owners tenants
patients travellers renters residents employees staff everybody money time date day week month year morning afternoon
evening night weekend holiday deposit rent fare ticket tickets bookings booking reservations appointments lessons
classes
sessions visits repairs damage loss theft delays changes cancellations corrections complaints questions answers invoices
bills receipts refunds instalments installments interest tax taxes duties fees charges costs prices discounts reductions
credits balances amounts payments transfers deposits subscriptions plans contracts agreements terms conditions rules
documents papers forms photos pictures copies data files messages letters notes labels boxes bags cases bottles
food drinks meals water clothes shoes furniture tools parts batteries devices machines software goods stock
delivery collection pickup shipping storage cleaning assembly installation activation registration admission entry
access arrival departure check-in check-out checkout
""")

# ── politeness: claims nothing ──

COURTESY = frozenset("""
happy to help|glad to help|i'm happy to help|i am happy to help|we're happy to help|happy to help you|thanks for asking
thank you for asking|thanks|thank you|thanks for your question|thank you for your question|thanks for your message
thank you for your message|thanks for reaching out|thank you for reaching out|thank you for contacting us
thanks for contacting us|thank you for your patience|thanks for your patience|you're welcome|you are welcome|sure
sure thing|of course|certainly|great question|good question|hello|hi|hi there|hello there|hey|good morning
good afternoon|good evening|no problem|no worries|i hope this helps|i hope that helps|hope this helps|hope that helps
have a nice day|have a great day|have a good day|i'm sorry to hear that|i am sorry to hear that|sorry to hear that
i understand|we're sorry to hear that|we are sorry to hear that|sorry about that|i'm sorry|sorry
let me know if you have any other questions|let me know if you have any questions
please let me know if you have any other questions|please let me know if you have any questions
if you have any other questions let me know|if you have any other questions please let me know
is there anything else i can help you with|is there anything else i can help with|anything else i can help with
can i help you with anything else|how can i help you|how can i help you today|how can i help
您好|你好|好的|谢谢|谢谢您|感谢您的咨询|谢谢您的咨询|感谢咨询|感谢您的提问|很高兴为您服务|很高兴为您解答|不客气|希望对您有帮助|希望对您有所帮助
希望能帮到您|祝您生活愉快|祝您购物愉快|还有其他问题吗|还有什么可以帮您|还有什么可以帮您的吗|请问还有什么可以帮您|抱歉|很抱歉|亲|没问题|当然
""".strip().replace("\n", "|").split("|"))  # fmt: skip
AFFIRMATIONS = _set("yes yep yeah certainly absolutely 是的 可以的 可以 能 有的 对 对的 支持")
DENIALS = _set("no nope 不可以 不能 不行 不是 没有 不支持 否 不 不会 抱歉不可以") | {
    "i'm afraid not", "i am afraid not", "afraid not", "unfortunately not", "sorry no", "not yet", "not anymore",
    "not any more", "no sorry", "no unfortunately", "certainly not", "no i'm afraid not",
}  # fmt: skip
