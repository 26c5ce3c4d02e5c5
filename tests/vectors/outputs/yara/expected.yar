// indicator--00000000-0000-4000-8000-000000000018
import "pe"
rule Evil : trojan {
  meta:
    author = "a \" } b"
  strings:
    $a = "x}y" // }
    $b = /a\/{2}[}]/i
    $c = { 4D 5A [2-4] ?? }
  condition:
    any of them /* } */
}

// left out: indicator--00000000-0000-4000-8000-000000000099 again ?/: there is a rule Evil already

// indicator--00000000-0000-4000-8000-000000000098 other
private rule Other_1 : a b { condition: 8 \ 2 == 4 }

