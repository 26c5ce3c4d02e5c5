nothing that is a condition of a rule fake {
