"""The words that a form may carry: the vocabularies of STIX 2.1 section 10, and tactics of well-known kill chains.

A word that is not here might be anything, a name among them, so it goes.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


INDICATOR_TYPES: Final = _words(
    "anomalous-activity anonymization benign compromised malicious-activity attribution unknown"
)
MALWARE_TYPES: Final = _words(
    "adware backdoor bot bootkit ddos downloader dropper exploit-kit keylogger ransomware remote-access-trojan "
    "resource-exploitation rogue-security-software rootkit screen-capture spyware trojan unknown virus webshell wiper worm"
)
CAPABILITIES: Final = _words(
    "accesses-remote-machines anti-debugging anti-disassembly anti-emulation anti-memory-forensics anti-sandbox anti-vm "
    "captures-input-peripherals captures-output-peripherals captures-system-state-data cleans-traces-of-infection "
    "commits-fraud communicates-with-c2 compromises-data-availability compromises-data-integrity "
    "compromises-system-availability controls-local-machine degrades-security-software degrades-system-updates "
    "determines-c2-server emails-spam escalates-privileges evades-av exfiltrates-data fingerprints-host hides-artifacts "
    "hides-executing-code infects-files infects-remote-machines installs-other-components persists-after-system-reboot "
    "prevents-artifact-access prevents-artifact-deletion probes-network-environment self-modifies "
    "steals-authentication-credentials violates-system-operational-integrity"
)
LANGUAGES: Final = _words(
    "applescript bash c c++ c# go java javascript lua objective-c perl php powershell python ruby scala swift typescript "
    "visual-basic x86-32 x86-64"
)
ARCHITECTURES: Final = _words("alpha arm ia-64 mips powerpc sparc x86 x86-64")
TOOL_TYPES: Final = _words(
    "denial-of-service exploitation information-gathering network-capture credential-exploitation remote-access "
    "vulnerability-scanning unknown"
)
REPORT_TYPES: Final = _words(
    "attack-pattern campaign identity indicator intrusion-set malware observed-data threat-actor threat-report tool vulnerability"
)
ACTOR_TYPES: Final = _words(
    "activist competitor crime-syndicate criminal hacker insider-accidental insider-disgruntled nation-state sensationalist "
    "spy terrorist unknown"
)
ACTOR_ROLES: Final = _words(
    "agent director independent infrastructure-architect infrastructure-operator malware-author sponsor"
)
SOPHISTICATION: Final = _words("none minimal intermediate advanced expert innovator strategic")
RESOURCE_LEVELS: Final = _words("individual club contest team organization government")
MOTIVATIONS: Final = _words(
    "accidental coercion dominance ideology notoriety organizational-gain personal-gain personal-satisfaction revenge unpredictable"
)
INFRASTRUCTURE_TYPES: Final = _words(
    "amplification anonymization botnet command-and-control control-system exfiltration firewall hosting-malware "
    "hosting-target-lists phishing reconnaissance routers-switches staging undefined workstation"
)
CONTEXTS: Final = _words("suspicious-activity malware-analysis unspecified")
IDENTITY_CLASSES: Final = _words("individual group system organization class unknown")
SECTORS: Final = _words(
    "agriculture aerospace automotive chemical commercial communications construction defense education energy "
    "entertainment financial-services government emergency-services government-local government-national "
    "government-public-services government-regional healthcare hospitality-leisure infrastructure dams nuclear water "
    "insurance manufacturing mining non-profit pharmaceuticals retail technology telecommunications transportation utilities"
)
REGIONS: Final = _words(
    "africa eastern-africa middle-africa northern-africa southern-africa western-africa americas caribbean central-america "
    "latin-america-caribbean northern-america south-america asia central-asia eastern-asia southern-asia south-eastern-asia "
    "western-asia europe eastern-europe northern-europe southern-europe western-europe oceania antarctica "
    "australia-new-zealand melanesia micronesia polynesia"
)
OPINIONS: Final = _words("strongly-disagree disagree neutral agree strongly-agree")
RELATIONSHIPS: Final = _words(
    "analysis-of attributed-to authored-by av-analysis-of based-on beacons-to characterizes communicates-with compromises "
    "consists-of controls delivers derived-from downloads drops duplicate-of dynamic-analysis-of exfiltrates-to exploits has "
    "hosted-on hosts impersonates indicates investigates located-at mitigates originates-from owns related-to remediates "
    "resolves-to static-analysis-of subtechnique-of targets uses variant-of belongs-to contains"
)
PHASES: Final = {
    "mitre-attack": _words(
        "reconnaissance resource-development initial-access execution persistence privilege-escalation defense-evasion "
        "credential-access discovery lateral-movement collection command-and-control exfiltration impact stealth defense-impairment"
    ),
    "lockheed-martin-cyber-kill-chain": _words(
        "reconnaissance weaponization delivery exploitation installation command-and-control actions-on-objectives"
    ),
}
PROTOCOLS: Final = _words(
    "ipv4 ipv6 tcp udp icmp icmp6 http https tls ssl dns ftp smtp imap pop3 ssh smb rdp telnet ntp snmp irc quic"
)
