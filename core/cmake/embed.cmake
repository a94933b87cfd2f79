# Turns a file into a C source with its bytes as an array. Run as a script:
#   cmake -DINPUT=FILE -DOUTPUT=FILE.c -DNAME=symbol -DHEADER=declares/it.h -P embed.cmake
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)"
       "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT}
     "#include \"${HEADER}\"\n\n"
     "const unsigned char ${NAME}[] = {\n${bytes}};\n"
     "const size_t ${NAME}_len = sizeof ${NAME};\n")
