# Copies IN to OUT with FROM replaced by TO; fails if FROM is not there, so that a changed kernel
# cannot leave a planted error that is none.
file(READ "${IN}" text)
string(FIND "${text}" "${FROM}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "${IN} has no '${FROM}' any more: choose another place for the planted error")
endif()
string(REPLACE "${FROM}" "${TO}" text "${text}")
file(WRITE "${OUT}" "${text}")
