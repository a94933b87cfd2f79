# Turns files, one after the other, into a C source with their bytes as an array. Run as a script:
#   cmake -DINPUT=FILE,FILE... -DOUTPUT=FILE.c -DNAME=symbol -DHEADER=declares/it.h -P embed.cmake
# With -DTAGGED=ON there is an entity tag too, a hash of the bytes.
string(REPLACE "," ";" inputs "${INPUT}")
set(hex)
foreach(input ${inputs})
    file(READ ${input} part HEX)
    string(APPEND hex "${part}")
endforeach()
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(................................................................................)"
       "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT}
     "#include \"${HEADER}\"\n\n"
     "const unsigned char ${NAME}[] = {\n${bytes}};\n"
     "const size_t ${NAME}_len = sizeof ${NAME};\n")
if(TAGGED)
    string(SHA256 hash "${hex}")
    string(SUBSTRING ${hash} 0 32 hash)
    file(APPEND ${OUTPUT} "const char ${NAME}_tag[] = \"\\\"${hash}\\\"\";\n")
endif()
