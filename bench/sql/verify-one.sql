SELECT arsignup.verify_login_token(:token);
