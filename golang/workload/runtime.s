// Empty: lets the package declare functions whose bodies package runtime links in.
