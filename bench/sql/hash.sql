SELECT arsignup.hash_password(:password);
