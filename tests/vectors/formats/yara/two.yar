import "pe"

/* rule commented { condition: true } */
private rule is_pe { condition: uint16(0) == 0x5A4D }

rule Dropper : loader t1
{
    meta:
        description = "Drops \"things\" // and so on"
        date = "2024-02-03"
        modified = "2025-07-01"
        reference = "https://example.org/dropper"
        technique = "T1059"
    strings:
        $a = "rule fake {" ascii
    condition:
        is_pe and $a
}
