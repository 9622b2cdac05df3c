\set n random(1, :count)
SELECT ok FROM arsignup.login(:users, 'person' || :n || '@example.com', :password);
