\set n random(1, 1000000000000000)
SELECT ok FROM arsignup.login(:users, 'nobody' || :n || '@example.com', :password);
